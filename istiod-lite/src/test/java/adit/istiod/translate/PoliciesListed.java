package adit.istiod.translate;

import static org.assertj.core.api.Assertions.assertThat;

import adit.protos.workload.Address;
import adit.xds.ResourceVersion;
import com.google.protobuf.InvalidProtocolBufferException;

/// A proxy skips a policy that it does not know: a key without its policy would let everything in.
final class PoliciesListed {
  private PoliciesListed() {}

  static void assertPublished(Translated translated) throws InvalidProtocolBufferException {
    for (ResourceVersion resource : translated.addresses().values()) {
      Address address = Address.parseFrom(resource.body().getValue());
      assertThat(translated.policies().keySet())
          .as(address.getWorkload().getUid())
          .containsAll(address.getWorkload().getAuthorizationPoliciesList());
    }
  }
}
