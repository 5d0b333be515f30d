package adit.cni.agent.install;

import java.nio.file.Path;

/// A directory of the node that has another path in the agent's container.
///
/// @param here where the agent finds it
/// @param onNode where programs of the node find it
public record Mounted(Path here, Path onNode) {}
