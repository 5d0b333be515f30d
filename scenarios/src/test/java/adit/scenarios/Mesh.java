package adit.scenarios;

import adit.identity.ca.CertificateAuthority;
import adit.protos.workload.Workload;
import adit.testkit.ControlPlane;
import adit.testkit.WireResources;
import adit.testkit.lab.Lab;
import adit.testkit.lab.LabHost;
import adit.testkit.lab.LabPod;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/// Nodes with the real ztunnel each, pods behind the real capture rules, and a control plane and
/// node agents that a test plays. Needs root.
final class Mesh implements AutoCloseable {
  /// Long enough for a busy machine; nothing waits that long when all is well.
  static final Duration SOON = Duration.ofSeconds(15);

  /// Namespace of pods that no test has another wish for.
  static final String NAMESPACE = "default";

  private final Lab lab;
  private final Path directory;
  private final ControlPlane control;
  private final LabHost host;
  private final List<MeshNode> nodes = new ArrayList<>();
  private final AtomicInteger number = new AtomicInteger();

  private Mesh(Lab lab, Path directory, LabHost host, ControlPlane control) {
    this.lab = lab;
    this.directory = directory;
    this.host = host;
    this.control = control;
  }

  /// An empty mesh.
  ///
  /// @param name few letters; part of the names of all namespaces
  static Mesh create(String name) throws IOException {
    requireRoot();
    Lab lab = Lab.create("scen-" + name + "-" + ProcessHandle.current().pid());
    LabHost host = lab.addHost("control");
    Path directory = Files.createTempDirectory("adit-scenarios-");
    ControlPlane control =
        ControlPlane.start(host.open(), host.ip4(), authority(directory, "cluster.local"));
    control.writeRoots(directory);
    return new Mesh(lab, directory, host, control);
  }

  /// A namespace can be made by root only; without it nothing here would be tested, so that is an
  /// error and no reason to skip.
  private static void requireRoot() throws IOException {
    Object uid = Files.getAttribute(Path.of("/proc/self"), "unix:uid");
    if (!uid.equals(0)) {
      throw new IllegalStateException(
          "user: " + uid + " (expected: 0; scenarios make network namespaces and need root)");
    }
  }

  /// A node whose proxy runs and is ready.
  ///
  /// @param environment added to, or instead of, what [MeshNode] gives
  MeshNode addNode(String name, Map<String, String> environment)
      throws IOException, InterruptedException {
    MeshNode node = addNode(name);
    node.start(environment);
    node.serve();
    return node;
  }

  /// A node whose proxy is still to be started.
  MeshNode addNode(String name) throws IOException {
    MeshNode node = new MeshNode(this, lab.addNode(name));
    nodes.add(node);
    return node;
  }

  /// Signs with the mesh's root for any trust domain, which the mesh's own authority refuses.
  CertificateAuthority authority(String trustDomain) throws IOException {
    return authority(directory, trustDomain);
  }

  private static CertificateAuthority authority(Path directory, String trustDomain)
      throws IOException {
    return CertificateAuthority.openOrCreate(
        directory.resolve("root"), trustDomain, Clock.systemUTC());
  }

  /// A namespace on a node that no proxy cares for.
  LabPod addStranger(MeshNode node) throws IOException {
    return node.lab().addPod(unique("stranger"));
  }

  ControlPlane control() {
    return control;
  }

  /// Where the control plane is; also a destination outside of the mesh.
  LabHost host() {
    return host;
  }

  Path directory() {
    return directory;
  }

  /// `prefix` and a number that was not given before.
  String unique(String prefix) {
    return prefix + number.incrementAndGet();
  }

  /// Publishes workloads and waits until every proxy has them.
  void publish(Workload.Builder... workloads) {
    control.put(
        Stream.of(workloads)
            .map(WireResources::address)
            .toArray(adit.protos.workload.Address[]::new));
    control.awaitSynced(SOON);
  }

  /// Everything goes, also when a proxy fails its last check.
  @Override
  public void close() throws IOException {
    try {
      for (MeshNode node : nodes) {
        node.close();
      }
    } finally {
      control.close();
      lab.close();
      deleteDirectory();
    }
  }

  private void deleteDirectory() throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted((one, other) -> other.compareTo(one)).toList()) {
        Files.delete(file);
      }
    }
  }
}
