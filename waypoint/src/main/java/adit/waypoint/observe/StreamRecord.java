package adit.waypoint.observe;

import adit.model.Service;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/// What is told about a connection that is not HTTP.
///
/// @param flags the reference's letters, `-` for none
public record StreamRecord(
    Party source,
    Party destination,
    @Nullable Service service,
    InetSocketAddress client,
    String route,
    String flags) {}
