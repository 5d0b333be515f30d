/// The proof that a pod is captured: what its network namespace really holds, compared with what
/// was wanted.
@NullMarked
package adit.cni.agent.prove;

import org.jspecify.annotations.NullMarked;
