package adit.ztunnel.admin;

import adit.ztunnel.observe.RefusalRing;
import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.netty.util.NetUtil;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/// The last refusals as `/refusals` gives them, oldest first.
public final class RefusalJson {
  private RefusalJson() {}

  public static String of(RefusalRing ring) throws JacksonException {
    ObjectNode out = JsonNodeFactory.instance.objectNode();
    ArrayNode list = out.putArray("refusals");
    for (RefusalRing.Entry entry : ring.entries()) {
      list.addObject()
          .put("time", entry.time().toString())
          .put("direction", entry.direction().text())
          .put("source", address(entry.source()))
          .put("destination", address(entry.destination()))
          .put("id", entry.refusal().id())
          .put("stage", entry.refusal().stage().name())
          .put("policy", entry.refusal().policy())
          .put("rule", entry.refusal().rule())
          .put("wanted", entry.refusal().wanted())
          .put("seen", entry.refusal().seen())
          .put("peer", entry.refusal().peer());
    }
    return new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT).writeValueAsString(out);
  }

  private static @Nullable String address(@Nullable InetSocketAddress address) {
    return address == null ? null : NetUtil.toSocketAddressString(address);
  }
}
