/// Container images of the programs: a trimmed Java runtime, the few files of a system that it
/// needs, and the program.
@NullMarked
package adit.images;

import org.jspecify.annotations.NullMarked;
