/// What the agent says about its work: log lines, metrics, events and the redirection annotation.
@NullMarked
package adit.cni.agent.observe;

import org.jspecify.annotations.NullMarked;
