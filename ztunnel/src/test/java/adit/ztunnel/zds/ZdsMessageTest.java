package adit.ztunnel.zds;

import static org.assertj.core.api.Assertions.assertThat;

import adit.protos.zds.AddWorkload;
import adit.protos.zds.DelWorkload;
import adit.protos.zds.WorkloadInfo;
import adit.protos.zds.WorkloadRequest;
import adit.ztunnel.view.LocalPod;
import com.google.protobuf.InvalidProtocolBufferException;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

final class ZdsMessageTest {
  private static byte[] hex(String text) {
    return HexFormat.of().parseHex(text);
  }

  private static byte[] add(String uid, boolean about) {
    AddWorkload.Builder add = AddWorkload.newBuilder().setUid(uid);
    if (about) {
      add.setWorkloadInfo(
          WorkloadInfo.newBuilder().setName("n").setNamespace("ns").setServiceAccount("sa"));
    }
    return WorkloadRequest.newBuilder().setAdd(add).build().toByteArray();
  }

  @Test
  void snapshotSent_hasTheReferencesBytes() {
    assertThat(ZdsMessage.decode(hex("1a00"), false, 0)).isEqualTo(new ZdsMessage.SnapshotSent());
  }

  @Test
  void del_hasItsUidInFieldTwo() {
    byte[] packet =
        WorkloadRequest.newBuilder()
            .setDel(DelWorkload.newBuilder().setUid("u"))
            .build()
            .toByteArray();

    assertThat(packet).isEqualTo(hex("1203120175"));
    assertThat(ZdsMessage.decode(packet, false, 0)).isEqualTo(new ZdsMessage.Del("u"));
  }

  @Test
  void add_withOneDescriptor_isAPod() {
    assertThat(ZdsMessage.decode(add("u", true), false, 1))
        .isEqualTo(new ZdsMessage.Add(new LocalPod("u", "n", "ns", "sa")));
  }

  @Test
  void wrongNumberOfDescriptors_isRefused() {
    assertThat(ZdsMessage.decode(add("u", true), false, 0)).isInstanceOf(ZdsMessage.Refused.class);
    assertThat(ZdsMessage.decode(add("u", true), false, 2)).isInstanceOf(ZdsMessage.Refused.class);
    assertThat(ZdsMessage.decode(hex("1a00"), false, 1)).isInstanceOf(ZdsMessage.Refused.class);
  }

  @Test
  void addWithoutPod_orWithoutUid_isRefused() {
    assertThat(ZdsMessage.decode(add("u", false), false, 1)).isInstanceOf(ZdsMessage.Refused.class);
    assertThat(ZdsMessage.decode(add("", true), false, 1)).isInstanceOf(ZdsMessage.Refused.class);
  }

  @Test
  void garbage_isGarbage() {
    assertThat(ZdsMessage.decode(hex("ffffffff"), false, 0)).isInstanceOf(ZdsMessage.Garbage.class);
    assertThat(ZdsMessage.decode(new byte[0], false, 0)).isInstanceOf(ZdsMessage.Garbage.class);
    assertThat(ZdsMessage.decode(hex("1a00"), true, 0)).isInstanceOf(ZdsMessage.Garbage.class);
  }

  @Test
  void answers_haveTheReferencesBytesAndStayWithinAPacket() throws InvalidProtocolBufferException {
    assertThat(ZdsClient.encode("")).isEqualTo(hex("0a00"));

    byte[] longest = ZdsClient.encode("é".repeat(5000));
    assertThat(longest).hasSizeLessThan(1024);
    assertThat(adit.protos.zds.WorkloadResponse.parseFrom(longest).getAck().getError().codePoints())
        .allMatch(c -> c == 'é');
  }
}
