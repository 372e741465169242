namespace Tunnel.Hub.UnitTests.Fakes;

/// <summary>
/// Tests that look at the permissions of new files. The umask is the process's, and an admin socket changes it while it is made: they run
/// alone.
/// </summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class UmaskTests
{
    public const string Name = "umask";
}
