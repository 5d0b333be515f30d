/// Kubernetes objects from a directory or an API server as one immutable numbered view, and status
/// and events back.
@NullMarked
package adit.source;

import org.jspecify.annotations.NullMarked;
