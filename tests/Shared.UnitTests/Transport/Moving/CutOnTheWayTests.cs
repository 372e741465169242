using Tunnel.TestUtilities;

namespace Tunnel.Shared.UnitTests.Transport.Moving;

/// <summary>
/// A stream is handed over from one tunnel to another while any of them is lost at either end at any moment: each local end hears what the
/// other says, once and in order, as over a pipe that never breaks, and is reset only where a local end has reset, or where a tunnel has
/// ended whose bytes nobody keeps.
/// </summary>
public sealed class CutOnTheWayTests
{
    private const int SeedsInEachRun = 200;

    /// <summary>A longer run of the model is told by TUNNEL_MODEL_SEEDS how many seeds to try.</summary>
    private static int Seeds =>
        int.TryParse(Environment.GetEnvironmentVariable("TUNNEL_MODEL_SEEDS"), out var seeds) ? seeds : SeedsInEachRun;

    private static int First => int.TryParse(Environment.GetEnvironmentVariable("TUNNEL_MODEL_FIRST"), out var first) ? first : 1;

    [Theory]
    [InlineData("Quic", false)]
    [InlineData("Quic", true)]
    [InlineData("Mixed", false)]
    [InlineData("Mixed", true)]
    [InlineData("Mortal", true)]
    public void What_is_lost_on_the_way_is_not_seen_by_either_end(string kinds, bool resets)
    {
        for (var seed = First; seed < First + Seeds; seed++)
            Run(seed, Enum.Parse<CutKinds>(kinds), resets);
    }

    private static void Run(int seed, CutKinds kinds, bool resets)
    {
        var before = SynchronizationContext.Current;
        try
        {
            var world = new CutWorld(seed, kinds);
            world.Run(resets);
            world.CheckMemory();
        }
        catch (Exception e)
        {
            throw new PropertyException($"seed {seed}: {e.Message}\n{e.StackTrace}");
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }
    }
}
