package adit.ztunnel.zds;

import adit.linux.Netns;
import adit.ztunnel.view.LocalPod;

/// The proxies of this node's pods, as the roster commands them. Called on the ZDS thread only.
public interface Pods {
  /// Opens the pod's listeners. Returns when connections are accepted.
  ///
  /// @param netns owned by the callee from now on when it returns; by the caller when it throws
  /// @throws PodStartException nothing is left behind
  void start(LocalPod pod, Netns netns) throws PodStartException;

  /// Closes the pod's listeners and connections at once.
  void stop(String uid);

  /// Why a pod's proxy could not be started.
  final class PodStartException extends Exception {
    private static final long serialVersionUID = 1L;

    public PodStartException(String message, Throwable cause) {
      super(message, cause);
    }
  }
}
