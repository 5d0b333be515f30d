/// `adit explain`: what becomes of a request, decided by the code that the proxies decide with.
@NullMarked
package adit.cli.explain;

import org.jspecify.annotations.NullMarked;
