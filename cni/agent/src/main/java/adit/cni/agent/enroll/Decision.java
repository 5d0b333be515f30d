package adit.cni.agent.enroll;

import adit.cni.agent.rules.PodOptions;
import java.util.List;

/// Whether a pod belongs to the mesh.
public sealed interface Decision {
  /// It does.
  ///
  /// @param options how it is captured
  /// @param notes what its owner should read
  record Enrol(PodOptions options, List<Note> notes) implements Decision {
    /// Copies the notes.
    public Enrol {
      notes = List.copyOf(notes);
    }
  }

  /// It does not.
  ///
  /// @param reason why, for the log
  /// @param notes what its owner should read
  record Leave(String reason, List<Note> notes) implements Decision {
    /// Copies the notes.
    public Leave {
      notes = List.copyOf(notes);
    }

    Leave(String reason) {
      this(reason, List.of());
    }

    /// Its label says that it should.
    static Leave against(String reason) {
      return new Leave(reason, List.of(new Note("NotCapturable", "Not in the mesh: " + reason)));
    }
  }
}
