package adit.source;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;

/// What is to be true of an object's status. Has to be a value: equal changes do the same.
public interface StatusChange {
  /// Makes the status as it should be and leaves alone what belongs to others. May be called more
  /// than once, each time with the newest status.
  ///
  /// @param status as it is, to be changed in place
  /// @param now for what changes with this
  void apply(ObjectNode status, Instant now);
}
