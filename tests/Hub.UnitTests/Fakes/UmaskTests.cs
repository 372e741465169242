namespace Tunnel.Hub.UnitTests.Fakes;

/// <summary>
/// Holds the tests that look at the permissions of new files. The umask is the process's, and an admin socket changes it while it is made,
/// so they run alone.
/// </summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class UmaskTests
{
    public const string Name = "umask";
}
