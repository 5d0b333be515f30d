/// The supervisor of local mode: kubelet and controllers of a cluster in one process.
@NullMarked
package adit.cli.local.supervise;

import org.jspecify.annotations.NullMarked;
