/// Which pods belong to the mesh, and the way of a pod into it and out of it.
@NullMarked
package adit.cni.agent.enroll;

import org.jspecify.annotations.NullMarked;
