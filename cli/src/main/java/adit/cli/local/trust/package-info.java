/// Tokens of service accounts, as an API server would issue them.
@NullMarked
package adit.cli.local.trust;

import org.jspecify.annotations.NullMarked;
