package adit.waypoint.flow;

import adit.l7.RequestFacts;
import adit.model.SpiffeId;
import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/// What decisions see of the connection, whatever it carries.
interface ConnectionFacts extends RequestFacts {
  Arrival arrival();

  @Override
  default int port() {
    return arrival().port();
  }

  @Override
  default String sourceNamespace() {
    return arrival().namespace();
  }

  @Override
  default InetAddress sourceAddress() {
    return arrival().client().getAddress();
  }

  @Override
  default @Nullable SpiffeId source() {
    return arrival().identity();
  }

  @Override
  default InetAddress remoteAddress() {
    return arrival().client().getAddress();
  }

  @Override
  default InetAddress destinationAddress() {
    return arrival().address();
  }

  @Override
  default String serverName() {
    return "";
  }
}
