namespace Tunnel.Hub.Forwarding.Entering;

/// <summary>
/// The clients whose first message has not come whole. There is a limited number of places, since each may hold many bytes; when all are
/// taken, a new client gets the place of the one that has waited longest. So slow clients crowd out each other, and not those that send
/// what they have.
/// </summary>
/// <param name="most">How many places there are.</param>
internal sealed class HelloPlaces(int most)
{
    private readonly Lock _lock = new();
    private readonly LinkedList<Place> _taken = new();

    /// <summary>Takes a place. To be disposed before the source is.</summary>
    /// <param name="end">Is cancelled, on a thread of its own, when another client gets the place.</param>
    public Place Take(CancellationTokenSource end)
    {
        var place = new Place(this, end);
        lock (_lock)
        {
            if (_taken.Count >= most)
                EndLocked(_taken.First!);
            _taken.AddLast(place.Node);
        }

        return place;
    }

    private static void EndLocked(LinkedListNode<Place> oldest)
    {
        oldest.List!.Remove(oldest);
        oldest.Value.WasTaken = true;
        // The token does not fire on this thread, since what follows would run here, with the lock held.
        oldest.Value.End.CancelAfter(TimeSpan.Zero);
    }

    private void Leave(Place place)
    {
        lock (_lock)
        {
            if (!place.WasTaken)
                _taken.Remove(place.Node);
        }
    }

    /// <summary>One client's place.</summary>
    public sealed class Place : IDisposable
    {
        private readonly HelloPlaces _places;

        public Place(HelloPlaces places, CancellationTokenSource end)
        {
            (_places, End) = (places, end);
            Node = new LinkedListNode<Place>(this);
        }

        /// <summary>Whether another client has got it.</summary>
        public bool WasTaken { get; set; }

        public CancellationTokenSource End { get; }

        public LinkedListNode<Place> Node { get; }

        public void Dispose() => _places.Leave(this);
    }
}
