package adit.linux.topology;

import java.util.List;

/// A namespace on the fabric's bridge, as its neighbours see it.
///
/// @param netns the namespace
/// @param addresses its addresses on the bridge
/// @param ranges what is reached through it
record Routed(NamedNetns netns, DualStack addresses, List<Subnet> ranges) {}
