package adit.cni.agent.enroll;

import adit.cni.agent.rules.Marks;
import adit.source.object.Container;
import adit.source.object.Pod;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// Something about a pod that its owner should read.
///
/// @param reason of the event, one word
/// @param text a sentence
public record Note(String reason, String text) {
  private static final Set<Integer> PROXY_PORTS =
      Set.of(Marks.OUTBOUND_PORT, Marks.PLAINTEXT_PORT, Marks.HBONE_PORT);

  static Note annotation(String name, String text) {
    return new Note("MeshAnnotation", "annotation " + name + ": " + text);
  }

  /// A container that wants a port which the proxy has in every pod of the mesh.
  static List<Note> portsOfTheProxy(Pod pod) {
    List<Note> notes = new ArrayList<>();
    for (Container container : pod.spec().containers()) {
      for (Container.Port port : container.ports()) {
        if (port.protocol().equals("TCP") && PROXY_PORTS.contains(port.number())) {
          notes.add(
              new Note(
                  "PortConflict",
                  "container "
                      + container.name()
                      + ": port "
                      + port.number()
                      + " is the node proxy's in pods of the mesh (expected: another one)"));
        }
      }
    }
    return notes;
  }
}
