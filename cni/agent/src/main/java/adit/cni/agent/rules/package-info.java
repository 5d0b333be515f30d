/// What is written into the network namespaces of pods and of the node so that traffic passes the
/// node proxy: rules as data, their text, and the programs that apply them and read them back.
@NullMarked
package adit.cni.agent.rules;

import org.jspecify.annotations.NullMarked;
