package adit.istiod.translate;

import adit.source.object.Service;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;

/// The ports of a service as the wire can say them: one per number. A number may be both TCP's and
/// UDP's, with different targets; the proxies carry TCP only.
final class TcpFirst {
  private TcpFirst() {}

  static Collection<Service.Port> of(Service service) {
    Map<Integer, Service.Port> ports = new LinkedHashMap<>();
    for (Service.Port port : service.ports()) {
      ports.merge(
          port.number(), port, (first, second) -> first.protocol().equals("TCP") ? first : second);
    }
    return ports.values();
  }
}
