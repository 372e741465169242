namespace Tunnel.Hub.UnitTests.Fakes;

/// <summary>Limits how long a test waits for what must come; only a test that fails ever waits so long.</summary>
internal static class Patience
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);
}
