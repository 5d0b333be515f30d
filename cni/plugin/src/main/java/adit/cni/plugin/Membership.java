package adit.cni.plugin;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/// What is known, while the agent is away, about a pod that wants to start.
sealed interface Membership {
  /// Not known to be in the mesh: it starts, and the agent reconciles later.
  record Outside() implements Membership {}

  /// In the mesh: it must not start without the agent.
  record Inside() implements Membership {}

  /// The record says nothing that can be relied on, or has been taken away: whoever is in the mesh
  /// is in it still, so the pod must not start without the agent.
  ///
  /// @param problem the file, what is wrong with it, and what was expected
  record Unclear(String problem) implements Membership {}

  /// Looks the pod up in the agent's record.
  ///
  /// @param kept whether there is a record as long as there is a plugin; otherwise none means that
  ///   no agent has run since the node started
  static Membership of(Path stateFile, boolean kept, String namespace, String pod) {
    try {
      boolean inMesh = MeshState.read(stateFile).inMesh(namespace, pod);
      return inMesh ? new Inside() : new Outside();
    } catch (NoSuchFileException e) {
      return kept
          ? new Unclear(stateFile + ": missing (expected: the record that the agent keeps there)")
          : new Outside();
    } catch (IOException e) {
      return new Unclear(String.valueOf(e.getMessage()));
    }
  }
}
