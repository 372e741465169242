using Tunnel.Shared.Transport.Quic;

namespace Tunnel.FunctionalTests.Harness;

/// <summary>
/// Tests over QUIC are skipped without libmsquic, with the reason, or fail where REQUIRE_QUIC=1 says that it has to be there.
/// </summary>
public static class QuicRequired
{
    public static void Check()
    {
        if (QuicLibrary.TryLoad(out var reason))
            return;
        Assert.SkipWhen(Environment.GetEnvironmentVariable("REQUIRE_QUIC") != "1", reason);
        Assert.Fail(reason);
    }

    /// <summary>For tests that run over several transports.</summary>
    public static void CheckFor(string transport)
    {
        if (transport != "tcpTls")
            Check();
    }
}
