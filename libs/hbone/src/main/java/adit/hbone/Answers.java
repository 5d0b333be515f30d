package adit.hbone;

/// Gets the answer to a CONNECT that a client sent: one of the two calls, once.
interface Answers {
  /// The server answered; 200 or anything else.
  void answered(TunnelStream stream, ConnectAnswer answer);

  /// There will be no answer.
  void failed(TunnelStream stream, OpenFailure failure);
}
