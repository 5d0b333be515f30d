package adit.source.object;

/// Says whether a [Configuration] can be used. What it complains of is found in the same places and
/// said in the same way as of other kinds.
public interface SpecCheck {
  /// Nothing is looked at.
  SpecCheck NONE = (_, _, _) -> {};

  /// Reads a `spec` and complains of what is wrong with it.
  ///
  /// @param reader for whom
  /// @param object the object
  /// @param spec its spec; of a ConfigMap its data
  void check(ObjectReader reader, Configuration object, Fields spec);
}
