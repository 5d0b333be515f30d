package adit.linux.topology;

/// A pod's network: its namespace with `eth0` and a default route.
///
/// @param name its name in the fabric, unique among all nodes
/// @param netns its namespace
/// @param addresses addresses of its `eth0`
/// @param link the other end of its cable, in the node's namespace
public record FabricPod(String name, NamedNetns netns, DualStack addresses, Device link) {}
