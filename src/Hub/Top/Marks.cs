using Tunnel.Hub.Status;
using Tunnel.Shared.Dashboard;

namespace Tunnel.Hub.Top;

/// <summary>The sign of each state, which says the same as its colour.</summary>
internal static class Marks
{
    /// <summary>A state with its sign.</summary>
    public static (string Text, Ink Ink) Of(Health health, string word) => health switch
    {
        Health.Bad => ($"✖ {word}", Ink.Bad),
        Health.Warn => ($"▲ {word}", Ink.Warn),
        Health.Good => ($"● {word}", Ink.Good),
        _ => ($"○ {word}", Ink.Dim),
    };
}
