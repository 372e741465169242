using Tunnel.FunctionalTests.Harness;

[assembly: AssemblyFixture(typeof(SecretsInLogs))]

namespace Tunnel.FunctionalTests.Harness;

/// <summary>Runs when all tests are over: a failure here fails the run.</summary>
public sealed class SecretsInLogs : IDisposable
{
    public void Dispose() => KnownSecrets.CheckAll();
}
