package adit.waypoint.flow;

import adit.l7.Token;
import org.jspecify.annotations.Nullable;

/// A connection that is not HTTP, as policies see it.
record StreamFacts(Arrival arrival) implements ConnectionFacts {
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
  public boolean isHttp() {
    return false;
  }

  @Override
  public @Nullable Token token() {
    return null;
  }
}
