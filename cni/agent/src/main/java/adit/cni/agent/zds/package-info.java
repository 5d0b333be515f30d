/// The server of the protocol between the node agent and the node proxy (ZDS): SEQPACKET messages,
/// each `add` with the descriptor of a pod's network namespace.
@NullMarked
package adit.cni.agent.zds;

import org.jspecify.annotations.NullMarked;
