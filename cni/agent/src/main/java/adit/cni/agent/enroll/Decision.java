package adit.cni.agent.enroll;

import adit.cni.agent.rules.PodOptions;
import java.util.List;

/// Whether a pod belongs to the mesh.
public sealed interface Decision {
  /// It does.
  ///
  /// @param options how it is captured
  /// @param notes sentences about annotations that could not be followed
  record Enrol(PodOptions options, List<String> notes) implements Decision {
    /// Copies the notes.
    public Enrol {
      notes = List.copyOf(notes);
    }
  }

  /// It does not.
  ///
  /// @param reason why, for the log
  record Leave(String reason) implements Decision {}
}
