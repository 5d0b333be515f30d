package adit.cni.agent.rules;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/// A named set of addresses in a table, each with a comment that says why it is there.
///
/// @param name name in the table
/// @param family `ip` or `ip6`
/// @param elements comments by address, in the order of the text
public record AddressSet(String name, String family, Map<InetAddress, String> elements) {
  /// Checks the families and copies the elements.
  public AddressSet {
    boolean six = family.equals("ip6");
    for (InetAddress address : elements.keySet()) {
      if (address instanceof Inet6Address != six) {
        throw new IllegalArgumentException(
            "elements: " + address + " (expected: addresses of family " + family + ")");
      }
    }
    elements = Collections.unmodifiableMap(new LinkedHashMap<>(elements));
  }

  String text() {
    StringBuilder text = new StringBuilder();
    text.append("  set ").append(name).append(" {\n");
    text.append("    type ").append(family.equals("ip6") ? "ipv6_addr" : "ipv4_addr").append('\n');
    String separator = "    elements = { ";
    for (Map.Entry<InetAddress, String> element : elements.entrySet()) {
      text.append(separator).append(element.getKey().getHostAddress());
      text.append(" comment \"").append(element.getValue()).append('"');
      separator = ",\n      ";
    }
    return text.append(elements.isEmpty() ? "" : " }\n").append("  }\n").toString();
  }
}
