package adit.l7;

import java.time.Duration;
import java.util.List;

/// Limits of one replica. Immutable. Source: `adit.l7.RateLimit`.
public record RateLimit(String namespace, String name, List<Target> targets, List<Limit> limits) {
  public RateLimit {
    targets = List.copyOf(targets);
    limits = List.copyOf(limits);
  }

  /// So many requests in each unit, for each distinct descriptor.
  ///
  /// @param matches any of them; none: every request
  /// @param burst how many may come at once
  /// @param by what makes a descriptor; none: all requests share one
  public record Limit(
      String name,
      List<Match> matches,
      int requests,
      Duration unit,
      int burst,
      List<Descriptor> by) {
    public Limit {
      matches = List.copyOf(matches);
      by = List.copyOf(by);
    }
  }

  /// A part of a descriptor.
  public sealed interface Descriptor {
    /// @param name lower case
    record Header(String name) implements Descriptor {}

    record Claim(List<String> path) implements Descriptor {
      public Claim {
        path = List.copyOf(path);
      }
    }

    record Of(Attribute attribute) implements Descriptor {}
  }

  /// A property of a request.
  public enum Attribute {
    METHOD,
    PATH,
    HOST,
    SOURCE_IDENTITY,
    SOURCE_NAMESPACE,
    SOURCE_IP
  }

  /// The resource name.
  public String key() {
    return namespace + "/" + name;
  }
}
