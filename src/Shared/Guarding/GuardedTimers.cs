namespace Tunnel.Shared.Guarding;

/// <summary>Timers whose callbacks may throw without ending the process (<see cref="Defects"/>).</summary>
public static class GuardedTimers
{
    /// <summary>As <see cref="TimeProvider.CreateTimer"/>.</summary>
    /// <param name="time">The clock.</param>
    /// <param name="callback">What is done.</param>
    /// <param name="state">What it is given.</param>
    /// <param name="due">Until the first time.</param>
    /// <param name="period">Between two times.</param>
    public static ITimer CreateGuardedTimer<T>(this TimeProvider time, Action<T> callback, T state, TimeSpan due, TimeSpan period) =>
        time.CreateTimer(static guarded => ((Callback<T>)guarded!).Run(), new Callback<T>(callback, state), due, period);

    private sealed class Callback<T>(Action<T> callback, T state)
    {
        public void Run()
        {
            try
            {
                callback(state);
            }
            catch (Exception e)
            {
                Defects.Note($"timer of {typeof(T).Name}", e);
            }
        }
    }
}
