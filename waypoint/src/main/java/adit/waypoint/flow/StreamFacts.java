package adit.waypoint.flow;

import adit.l7.RequestFacts;
import adit.l7.Token;
import adit.model.SpiffeId;
import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/// A connection that is not HTTP, as policies see it.
record StreamFacts(Arrival arrival) implements RequestFacts {
  @Override
  public String method() {
    return "";
  }

  @Override
  public String path() {
    return "";
  }

  @Override
  public String scheme() {
    return "";
  }

  @Override
  public String authority() {
    return "";
  }

  @Override
  public @Nullable String header(String name) {
    return null;
  }

  @Override
  public @Nullable String query(String name) {
    return null;
  }

  @Override
  public int port() {
    return arrival.port();
  }

  @Override
  public String sourceNamespace() {
    return arrival.namespace();
  }

  @Override
  public InetAddress sourceAddress() {
    return arrival.client().getAddress();
  }

  @Override
  public boolean isHttp() {
    return false;
  }

  @Override
  public @Nullable SpiffeId source() {
    return arrival.identity();
  }

  @Override
  public InetAddress remoteAddress() {
    return arrival.client().getAddress();
  }

  @Override
  public InetAddress destinationAddress() {
    return arrival.address();
  }

  @Override
  public @Nullable Token token() {
    return null;
  }

  @Override
  public String serverName() {
    return "";
  }
}
