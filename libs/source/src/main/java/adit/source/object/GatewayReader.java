package adit.source.object;

import org.jspecify.annotations.Nullable;

/// Reads gateways and their classes. Field names are those of gateway.networking.k8s.io/v1.
///
/// @param reader what it belongs to
record GatewayReader(ObjectReader reader) {
  Gateway gateway(ObjectMeta meta, Fields fields) {
    Fields spec = fields.object("spec");
    Gateway gateway =
        new Gateway(
            meta,
            spec.requiredText("gatewayClassName"),
            spec.objects("listeners", this::listener),
            spec.objects("addresses", this::address),
            infrastructure(spec.object("infrastructure")),
            fields.object("status").objects("addresses", GatewayReader::reached));
    reader.strict(spec.ignore("allowedListeners", "tls", "defaultScope", "backendTLS"));
    return gateway;
  }

  GatewayClass gatewayClass(ObjectMeta meta, Fields fields) {
    Fields spec = fields.object("spec");
    GatewayClass result = new GatewayClass(meta, spec.requiredText("controllerName"));
    reader.strict(spec.ignore("parametersRef", "description"));
    return result;
  }

  private Gateway.Listener listener(Fields listener) {
    if (!listener.has("port")) {
      listener.invalid(Problem.Severity.ERROR, "port", "1..65535");
    }
    Gateway.Listener result =
        new Gateway.Listener(
            listener.requiredText("name"),
            listener.port("port", 1),
            listener.requiredText("protocol"),
            listener.text("hostname"),
            allowed(listener.object("allowedRoutes")));
    reader.strict(listener.ignore("tls"));
    return result;
  }

  private Gateway.Allowed allowed(Fields allowed) {
    Fields namespaces = allowed.object("namespaces");
    Gateway.From from = namespaces.choice("from", Gateway.From.Same, Gateway.From.values());
    Fields selector = namespaces.object("selector");
    if (from == Gateway.From.Selector && !selector.present()) {
      namespaces.invalid(reader.ofValues(), "selector", "a selector, as from: Selector asks");
      // Without one nobody is chosen.
      from = Gateway.From.None;
    }
    Gateway.Allowed result =
        new Gateway.Allowed(
            from,
            new NetworkReader(reader).selector(selector),
            allowed.objects("kinds", this::routeKind));
    reader.strict(namespaces);
    reader.strict(allowed);
    return result;
  }

  private Gateway.RouteKind routeKind(Fields kind) {
    Gateway.RouteKind result =
        new Gateway.RouteKind(
            kind.text("group", "gateway.networking.k8s.io"), kind.requiredText("kind"));
    reader.strict(kind);
    return result;
  }

  private Gateway.Address address(Fields address) {
    Gateway.Address result = reached(address);
    reader.strict(address);
    return result;
  }

  private static Gateway.Address reached(Fields address) {
    return new Gateway.Address(address.text("type", "IPAddress"), address.text("value"));
  }

  private Gateway.Infrastructure infrastructure(Fields infrastructure) {
    Gateway.Infrastructure result =
        new Gateway.Infrastructure(
            infrastructure.has("labels") ? infrastructure.textMap("labels") : null,
            infrastructure.has("annotations") ? infrastructure.textMap("annotations") : null,
            parametersOrNull(infrastructure.object("parametersRef")));
    reader.strict(infrastructure);
    return result;
  }

  private Gateway.@Nullable ParametersRef parametersOrNull(Fields parameters) {
    if (!parameters.present()) {
      return null;
    }
    Gateway.ParametersRef result =
        new Gateway.ParametersRef(
            parameters.text("group"),
            parameters.requiredText("kind"),
            parameters.requiredText("name"));
    reader.strict(parameters);
    return result;
  }
}
