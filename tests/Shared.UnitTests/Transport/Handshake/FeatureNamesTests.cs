using FsCheck;
using FsCheck.Fluent;
using Tunnel.Shared.Transport;
using Tunnel.Shared.Transport.Handshake;

namespace Tunnel.Shared.UnitTests.Transport.Handshake;

public class FeatureNamesTests
{
    [Fact]
    public void Any_set_is_read_as_it_was_written() =>
        Prop.ForAll(Gen.Choose(0, 15).ToArbitrary(), bits =>
            FeatureNames.Parse(FeatureNames.Format((TunnelFeatures)bits)) == (TunnelFeatures)bits).QuickCheckThrowOnFailure();

    [Fact]
    public void Names_of_a_newer_peer_are_ignored_and_case_counts() =>
        Assert.Equal(TunnelFeatures.Port, FeatureNames.Parse(["sails", "port", "Reset", "flying", ""]));

    [Fact]
    public void Order_and_repetition_do_not_matter() =>
        Assert.Equal(TunnelFeatures.Reset | TunnelFeatures.GoAway, FeatureNames.Parse(["goaway", "reset", "goaway"]));
}
