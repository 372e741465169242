namespace Tunnel.Shared.Dashboard;

/// <summary>Draws a screen that is live.</summary>
public interface IDashboard
{
    /// <summary>The height of a page that is printed: everything is on it, and nothing of what keys are for.</summary>
    const int Endless = 1000;

    /// <summary>Asks the service how it is. A service that does not answer is shown as such, and is no exception.</summary>
    Task RefreshAsync(CancellationToken cancellationToken);

    /// <summary>Draws the screen: at most so many lines.</summary>
    IReadOnlyList<Row> Draw(int width, int height);

    /// <summary>Takes a key.</summary>
    /// <returns>False when it was the one that ends the dashboard.</returns>
    bool Press(ConsoleKeyInfo key);
}
