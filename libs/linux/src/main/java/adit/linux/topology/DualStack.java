package adit.linux.topology;

import java.net.Inet4Address;
import java.net.Inet6Address;

/// One address of each family.
public record DualStack(Inet4Address ip4, Inet6Address ip6) {}
