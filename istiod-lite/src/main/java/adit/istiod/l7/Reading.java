package adit.istiod.l7;

import adit.protos.l7.Backend;
import adit.protos.l7.Fraction;
import adit.protos.l7.Header;
import adit.protos.l7.HeaderChange;
import adit.protos.l7.Invalid;
import adit.source.object.Fields;
import adit.source.object.ObjectReader;
import adit.source.object.Problem;
import com.google.protobuf.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// One object being read: what it belongs to, what its names mean, and what is wrong with it. For
/// one object and one thread.
final class Reading {
  private static final int MOST_WEIGHT = 1_000_000;

  private final ObjectReader reader;
  private final String namespace;
  private final References references;
  private final List<Issue> unresolved = new ArrayList<>();
  private final List<Issue> unsupported = new ArrayList<>();

  /// @param namespace of the object
  Reading(ObjectReader reader, String namespace, References references) {
    this.reader = reader;
    this.namespace = namespace;
    this.references = references;
  }

  ObjectReader reader() {
    return reader;
  }

  String namespace() {
    return namespace;
  }

  References references() {
    return references;
  }

  /// What it refers to and is not there, in order.
  List<Issue> unresolved() {
    return List.copyOf(unresolved);
  }

  /// What it asks for and nobody here does, in order.
  List<Issue> unsupported() {
    return List.copyOf(unsupported);
  }

  /// A backend that answers 500, and the complaint.
  Invalid unresolved(String reason, String message) {
    unresolved.add(new Issue(reason, message));
    return Invalid.newBuilder().setReason(reason).setMessage(message).build();
  }

  /// A value that is right but cannot be done: the rest is in force without it.
  void unsupported(Fields fields, String name, String expected) {
    complain(Problem.Severity.WARNING, fields, name, expected);
  }

  /// A value that nobody may write.
  void wrong(Fields fields, String name, String expected) {
    complain(reader.ofValues(), fields, name, expected);
  }

  private void complain(Problem.Severity severity, Fields fields, String name, String expected) {
    fields.invalid(severity, name, expected);
    unsupported.add(
        new Issue(
            "UnsupportedValue",
            fields.path(name) + ": " + fields.json(name) + " (expected: " + expected + ")"));
  }

  void strict(Fields fields) {
    if (reader.origin() == ObjectReader.Origin.FILE) {
      fields.refuseUnknown(Problem.Severity.ERROR);
    }
  }

  static Duration wire(java.time.Duration duration) {
    return Duration.newBuilder()
        .setSeconds(duration.getSeconds())
        .setNanos(duration.getNano())
        .build();
  }

  /// A span of time, or null.
  @Nullable Duration durationOrNull(Fields fields, String name) {
    java.time.Duration duration = fields.durationOrNull(name);
    return duration == null ? null : wire(duration);
  }

  int weight(Fields fields, String name) {
    return (int) fields.integer(name, 1, 0, MOST_WEIGHT);
  }

  /// A `backendRef` of the Gateway API.
  Backend.Builder backendRef(Fields ref) {
    String group = ref.text("group");
    String kind = ref.text("kind", "Service");
    String name = ref.requiredText("name");
    String own = ref.text("namespace", namespace);
    int port = ref.port("port", 0);
    Backend.Builder backend = Backend.newBuilder().setPort(port);
    if (group.isEmpty() && kind.equals("Service")) {
      return service(backend, references.serviceOrNull(own, name), "Service " + own + "/" + name);
    }
    if (group.equals("networking.istio.io") && kind.equals("Hostname")) {
      List<References.Named> found = references.hosts(namespace, name);
      return service(backend, found.isEmpty() ? null : found.getFirst(), "hostname " + name);
    }
    return backend.setInvalid(
        unresolved(
            "InvalidKind",
            kind
                + (group.isEmpty() ? "" : "." + group)
                + " "
                + name
                + " (expected: a Service, or a Hostname of networking.istio.io)"));
  }

  private Backend.Builder service(
      Backend.Builder backend, References.@Nullable Named found, String what) {
    if (found == null) {
      return backend.setInvalid(unresolved("BackendNotFound", what + " was not found"));
    }
    if (backend.getPort() == 0) {
      return backend.setInvalid(unresolved("UnsupportedValue", what + ": port is missing"));
    }
    return found.hasPort(backend.getPort())
        ? backend.setService(found.key())
        : backend.setInvalid(
            unresolved("BackendNotFound", what + " has no port " + backend.getPort()));
  }

  /// `set`, `add` and `remove`, where headers are a list of `name` and `value`.
  HeaderChange headerList(Fields change) {
    HeaderChange wire =
        HeaderChange.newBuilder()
            .addAllSet(change.objects("set", this::header))
            .addAllAdd(change.objects("add", this::header))
            .addAllRemove(change.texts("remove"))
            .build();
    strict(change);
    return wire;
  }

  private Header header(Fields header) {
    Header wire =
        Header.newBuilder()
            .setName(header.requiredText("name"))
            .setValue(header.text("value"))
            .build();
    strict(header);
    return wire;
  }

  /// `set`, `add` and `remove`, where headers are a map.
  HeaderChange headerMap(Fields change) {
    HeaderChange.Builder wire = HeaderChange.newBuilder();
    change
        .textMap("set")
        .forEach((name, value) -> wire.addSet(Header.newBuilder().setName(name).setValue(value)));
    change
        .textMap("add")
        .forEach((name, value) -> wire.addAdd(Header.newBuilder().setName(name).setValue(value)));
    wire.addAllRemove(change.texts("remove"));
    strict(change);
    return wire.build();
  }

  /// A percentage, with up to four digits after the point.
  static Fraction percent(double percent) {
    return Fraction.newBuilder()
        .setNumerator((int) Math.round(percent * 10_000))
        .setDenominator(1_000_000)
        .build();
  }
}
