package adit.xds;

/// A resource under its name.
public record Named<T>(String name, T resource) {}
