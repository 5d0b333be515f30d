/// The objects of a cluster as small checked records, and the reader that makes them of JSON.
@NullMarked
package adit.source.object;

import org.jspecify.annotations.NullMarked;
