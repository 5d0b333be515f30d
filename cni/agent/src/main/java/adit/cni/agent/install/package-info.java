/// Puts the CNI plugin and the runtime that it brings along into a node's directory of plugins.
@NullMarked
package adit.cni.agent.install;

import org.jspecify.annotations.NullMarked;
