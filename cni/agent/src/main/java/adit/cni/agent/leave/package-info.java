/// Whether an agent that ends is being restarted or removed, and what is taken away in that case.
@NullMarked
package adit.cni.agent.leave;

import org.jspecify.annotations.NullMarked;
