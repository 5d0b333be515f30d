package adit.images;

import java.util.List;

/// What makes one image different from the others.
///
/// @param image its name behind the hub, the reference's
/// @param program its name for `./adit run`
/// @param module directory of the Maven module
/// @param main class
/// @param user uid and gid
/// @param arguments when the container names none
/// @param tools programs of the system that it starts
/// @param extra what it brings along
/// @param start with what archive of classes
record ImageContent(
    String image,
    String program,
    String module,
    String main,
    String user,
    List<String> arguments,
    List<String> tools,
    Extra extra,
    Start start) {
  /// With what archive of classes a program starts.
  enum Start {
    /// The JDK's classes: small.
    JDK_ARCHIVE,
    /// Its own and the JDK's, from a run of its own.
    TRAINED,
    /// The same, and the run needs a network of its own.
    TRAINED_ALONE
  }

  /// What an image may bring along.
  enum Extra {
    NOTHING,
    /// The CNI plugin with a runtime of its own.
    CNI_PLUGIN,
    /// The program as a command on the path, for manifests that name it.
    COMMAND
  }

  private static final String ROOT_WITH_MESH_GROUP = "0:1337";

  static final List<ImageContent> ALL =
      List.of(
          new ImageContent(
              "pilot",
              "istiod",
              "istiod-lite",
              "adit.istiod.app.Istiod",
              "1337:1337",
              List.of("discovery"),
              List.of(),
              Extra.NOTHING,
              Start.JDK_ARCHIVE),
          new ImageContent(
              "ztunnel",
              "ztunnel",
              "ztunnel",
              "adit.ztunnel.app.Ztunnel",
              ROOT_WITH_MESH_GROUP,
              List.of("proxy", "ztunnel"),
              List.of(),
              Extra.NOTHING,
              Start.TRAINED),
          new ImageContent(
              "install-cni",
              "cni-agent",
              "cni/agent",
              "adit.cni.agent.app.CniAgent",
              ROOT_WITH_MESH_GROUP,
              List.of("install"),
              List.of("nft", "ip", "nsenter"),
              Extra.CNI_PLUGIN,
              Start.TRAINED_ALONE),
          new ImageContent(
              "proxyv2",
              "waypoint",
              "waypoint",
              "adit.waypoint.app.Waypoint",
              "1337:1337",
              List.of("proxy", "waypoint"),
              List.of(),
              Extra.NOTHING,
              Start.JDK_ARCHIVE),
          new ImageContent(
              "bookshop",
              "bookshop",
              "samples/bookshop",
              "adit.samples.bookshop.Bookshop",
              "65534:65534",
              List.of(),
              List.of(),
              Extra.COMMAND,
              Start.JDK_ARCHIVE));
}
