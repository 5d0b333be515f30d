/// The node agent's process: configuration, construction, start and end.
@NullMarked
package adit.cni.agent.app;

import org.jspecify.annotations.NullMarked;
