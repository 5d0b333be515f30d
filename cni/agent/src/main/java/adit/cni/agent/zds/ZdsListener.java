package adit.cni.agent.zds;

/// Hears of what happens on the proxies' connections; called on the connections' threads, so it
/// must be quick.
public interface ZdsListener {
  /// A proxy said hello.
  ///
  /// @param peer process id of the proxy, as this process sees it
  /// @param connected how many proxies are connected now
  void connected(int peer, int connected);

  /// A proxy has answered for every pod of its snapshot.
  ///
  /// @param peer process id of the proxy
  void synced(int peer);

  /// A connection ended.
  ///
  /// @param peer process id of the proxy
  /// @param reason why
  /// @param connected how many proxies are connected now
  void disconnected(int peer, String reason, int connected);

  /// The proxy answered for a pod of its snapshot; later announcements have their own answer.
  ///
  /// @param uid the pod
  /// @param answer what it said
  void snapshotAnswer(String uid, Answer answer);
}
