package adit.scenarios;

import java.io.IOException;
import java.net.Socket;
import java.net.SocketTimeoutException;

/// What a client sees when its connection is cut.
final class Ends {
  private Ends() {}

  /// Waits for the end of the stream or a reset; false when bytes come instead, or nothing within
  /// the socket's timeout.
  static boolean of(Socket socket) {
    try {
      return socket.getInputStream().read() == -1;
    } catch (SocketTimeoutException e) {
      return false;
    } catch (IOException e) {
      return true;
    }
  }
}
