package adit.source.object;

/// A port as Kubernetes writes it: a number or the name of a container port.
public sealed interface PortRef {
  /// A number.
  ///
  /// @param number `1..65535`
  record Numbered(int number) implements PortRef {}

  /// A container port's name.
  ///
  /// @param name the name
  record Named(String name) implements PortRef {}
}
