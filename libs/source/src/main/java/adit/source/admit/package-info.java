/// Who is let in by the policies of a cluster, as far as objects alone tell.
@NullMarked
package adit.source.admit;

import org.jspecify.annotations.NullMarked;
