/// Which addresses of the node's pods health probes may reach.
@NullMarked
package adit.cni.agent.probe;

import org.jspecify.annotations.NullMarked;
